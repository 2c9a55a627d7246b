"""What the operator costs: requests, seconds, CPU and memory on a real API server, beside their budgets.

- wire: a client that keeps its connections, and a watch that dates changes of route weights
- load: the Rollouts that are made, released, held and waited for
- cost: the operator's requests by verb and resource, its CPU and its memory
- report: the measures, as a table and as JSON
- __main__: `python -m tests.bench [--rollouts N] [--idle N] [-o json]`, the steps in their order
"""
