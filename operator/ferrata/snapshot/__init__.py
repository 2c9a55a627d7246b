"""The frozen picture of the cluster at one instant: everything a decision may depend on, `now` included."""
