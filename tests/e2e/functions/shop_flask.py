"""A Flask application behind apig-wsgi."""

from apig_wsgi import make_lambda_handler
from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> Response:
    response = jsonify(hello=name, loud=request.args.get("loud") == "1")
    response.set_cookie("seen", name)
    return response


@app.post("/pixel")
def pixel() -> Response:
    return Response(bytes([0x89, 0x50, *request.get_json()]), mimetype="image/png")


handler = make_lambda_handler(app)
