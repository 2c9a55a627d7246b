"""What users write: Kubernetes objects of our kinds, checked before they are acted upon."""
