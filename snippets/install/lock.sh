printf 'mlflow==3.17.2\nscikit-learn>=1.9,<2\n' > requirements.in
pip install uv
uv pip compile --universal --generate-hashes requirements.in --output-file requirements.txt
pip install --require-hashes -r requirements.txt
