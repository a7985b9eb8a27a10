create table if not exists migrated (n int);
