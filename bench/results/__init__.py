"""The files of a run's results that programs read: verdicts.json, models.json, models/*.onnx."""
