"""Deciding about one AnalysisRun: what to measure now (`tasks`), what a measurement changes (`record`), what follows
for each metric and for the run (`assess`), and when to look again (`wake`)."""
