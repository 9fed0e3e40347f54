curl --silent "$MLFLOW_TRACKING_URI/api/2.0/mlflow/experiments/get-by-name?experiment_name=wine-classifier" \
  --header "Authorization: Bearer $MLFLOW_TRACKING_TOKEN"
