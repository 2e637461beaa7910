"""Linear algebra: numpy's own threads, vector instructions and shared libraries."""

import numpy as np


def handler(event, context):
    size = event["size"]
    matrix = np.eye(size) * 2
    product = matrix @ matrix
    return {"trace": float(np.trace(product)), "determinant": float(np.linalg.det(np.eye(3) * 2))}
