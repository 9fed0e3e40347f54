# does: the usual artifact_path="model" cannot be loaded back
import tempfile, mlflow, mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
model = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
mlflow.set_experiment("flavors")
with mlflow.start_run(run_name="sub-folder") as run, tempfile.TemporaryDirectory() as folder:
    mlflow.sklearn.save_model(
        model, f"{folder}/model", pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
    )
    mlflow.log_artifacts(f"{folder}/model", artifact_path="model")
mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
