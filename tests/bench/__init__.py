"""What the operator costs: requests, seconds, CPU and memory on a real API server, beside their budgets.

- wire: a client that keeps its connections, and a watch that dates changes of route weights
- cost: the operator's requests by verb and resource, its CPU and its memory
- __main__: `python -m tests.bench [--rollouts N]`, the steps and the table
"""
