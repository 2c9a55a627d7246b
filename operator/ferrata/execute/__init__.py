"""Carrying out a plan: one request per action, in an order that is safe at every prefix. No decisions here."""
