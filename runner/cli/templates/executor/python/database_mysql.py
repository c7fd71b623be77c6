"""The application's database: MariaDB or MySQL, at APP_DATABASE_URL. Integers are exact and decimals are `Decimal`."""

import os
from urllib.parse import unquote, urlsplit

import pymysql

ENGINE = "mysql"


def connect():
    url = urlsplit(os.environ["APP_DATABASE_URL"])
    return pymysql.connect(
        host=url.hostname,
        port=url.port or 3306,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        database=unquote(url.path.lstrip("/")),
        charset="utf8mb4",
    )
