"""The demo: FinanceHub's releases on a real cluster, seen live and counted. `python -m tests.demo --help`.

- service, load: Go programs, what is released and what sends requests
- overlay: the example's durations, shortened
- stage: operator, service, route on a node; what a user does and sees there
- observe, story: one look at a release; one release from beginning to end
- traffic, outcome: every request; what came of a release and what is wrong with it
- display, report: live table or plain lines; the table and the line at the end
"""
