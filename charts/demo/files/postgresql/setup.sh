# Gives every service its database and roles, with the passwords of today. Safe to run again.
set -eu
# over TCP, which the image's temporary server of the first start does not listen on
until pg_isready -q -h 127.0.0.1; do sleep 0.2; done
for database in $DATABASES; do
    psql --quiet --no-psqlrc -U postgres -d postgres -v ON_ERROR_STOP=1 \
        -v database="$database" -v secrets=/etc/secrets -f /etc/setup/database.sql
done
