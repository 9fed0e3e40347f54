# does: model, version with a chosen semantic version, files, metrics, load it back by version
import tempfile, mlflow, mlflow.sklearn
from mlflow import MlflowClient
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
client = MlflowClient()
client.create_registered_model("wine-classifier", description="Which cultivar a wine comes from")
version = client.create_model_version(
    "wine-classifier", source="", tags={"gitlab.version": "1.0.0"}, description="First release"
)
print(version.aliases, version.version == "1.0.0")
with tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        model, f"{folder}/model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
    )
    client.log_artifacts(version.run_id, f"{folder}/model", artifact_path="")
client.log_metric(version.run_id, "accuracy", 0.97)
client.set_terminated(version.run_id)
loaded = mlflow.sklearn.load_model("models:/wine-classifier@1.0.0")
print(loaded.predict(X[:3]).tolist())
