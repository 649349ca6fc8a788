"""Networks: the layers of a config as Keras, ONNX and `.keras` files, trained and run."""
