"""The application's database: PostgreSQL, at APP_DATABASE_URL."""

import os

import psycopg

ENGINE = "postgres"


def connect():
    return psycopg.connect(os.environ["APP_DATABASE_URL"])
