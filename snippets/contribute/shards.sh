verified-docs verify --shard 1/3 --evidence build/shards/mlflow-3-1.json
verified-docs verify --shard 2/3 --evidence build/shards/mlflow-3-2.json
verified-docs verify --shard 3/3 --evidence build/shards/mlflow-3-3.json
verified-docs join build/shards/mlflow-3-*.json --evidence build/evidence/mlflow-3.json
