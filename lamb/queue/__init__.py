"""What runs asynchronous events: claim, run, decide, end. The decisions are in lane.py and model/retry.py."""
