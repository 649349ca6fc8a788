"""What leaves the app and comes back: Keras programs, run zips and reports."""
