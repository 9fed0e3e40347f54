make bundle
