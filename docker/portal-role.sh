#!/bin/sh
# Runs once, when the database volume is empty: the portal's own role, which is no superuser, owns the portal's database.
# PostGIS, which only a superuser may create, stands in it already: the image's own script ran before this one.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$PORTAL_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE geoportal LOGIN PASSWORD :'password';
ALTER DATABASE geoportal OWNER TO geoportal;
SQL
