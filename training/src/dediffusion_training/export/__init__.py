"""Trained models as ONNX graphs that onnxruntime runs without PyTorch."""
