# Gives every service its database and roles, with the passwords of today. Safe to run again.
set -eu
# over TCP, which the image's temporary server of the first start does not listen on
until pg_isready -q -h 127.0.0.1; do sleep 0.2; done
run() {
    psql --quiet --no-psqlrc -U postgres -d postgres -v ON_ERROR_STOP=1 -v secrets=/etc/secrets "$@"
}
run -f /etc/setup/superuser.sql
for database in $DATABASES; do
    run -v database="$database" -f /etc/setup/database.sql
done
