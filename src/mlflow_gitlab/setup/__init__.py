"""Makes a GitLab project ready for MLflow, and takes it back."""
