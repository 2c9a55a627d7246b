"""The tests' cluster: a real Kubernetes on this machine, built from pinned sources. See README.md in this folder.

errors     the one error, a sentence for the user
paths      where built tools (cache) and running clusters (state) are kept
processes  processes proved to be ours; children that die with their parent
state      one folder for each cluster, its owner, removal of what died
tools      the pinned programs: locate, build
packages   what the distribution gives: install
pki        keys, certificates, tokens, kubeconfigs
api        a thin client of the Kubernetes API
plane      control plane and fake nodes, no root
__main__   `python -m tests.cluster VERB`
"""
