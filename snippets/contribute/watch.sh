make watch
