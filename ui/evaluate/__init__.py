"""The Evaluate page: confusion matrix, errors and calibration."""
