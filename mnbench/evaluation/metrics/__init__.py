"""What predictions are worth: error, likelihood, calibration, diversity, each with replicates."""
