"""Values of progressive delivery: immutable, free of I/O, standard library only.

keys           every label and annotation key that is visible on an object
durations      Go durations, as users write them in pauses and intervals
int_or_percent `25%` or `3` against a total
quantities     Kubernetes quantities (`250m`, `1Gi`): canonical text and value
pod_types      which fields a pod template has, in the order in which they are printed
pod_template   a pod template: canonical form, JSON, defaults, equality
hashing        the hashes that name ReplicaSets and recognise changed steps
"""
