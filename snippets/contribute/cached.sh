verified-docs verify --why                                                # says why each example ran again
verified-docs verify --fresh --evidence build/evidence/mlflow-3.json      # runs everything
