"""Values of progressive delivery: immutable, free of I/O, standard library only.

rollout, status, status_json   what a Rollout asks for, and what its status says
keys                           every label and annotation key that is visible on an object
durations                      Go durations, as users write them in pauses and intervals
int_or_percent                 `25%` or `3` against a total
quantities                     Kubernetes quantities (`250m`, `1Gi`): value and canonical text
pod_types                      which fields a pod template and a step have, in the order in which Go prints them
pod_template                   a pod template: canonical form, JSON, defaults, equality
hashing                        the hashes that name ReplicaSets and recognise changed steps
"""
