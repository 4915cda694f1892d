# Namespaces of its own for a server that files are delivered to: users, mounts and processes end with it.
#
#     unshare --mount --pid --fork --kill-child --mount-proc sh -c "$(cat room.sh)" room FOLDER HASH PROGRAM...
#
# HASH is the password of the user `billing`, as `openssl passwd -6` writes it. /srv/cdr is the user's, /srv/full a small disk, /srv/foreign
# belongs to root, /srv/fixed is mounted read-only, /srv/jail is what ChrootDirectory accepts, /srv/kept is FOLDER/kept, which outlives it.
set -e
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/sshd /run/vsftpd/empty
(cat /etc/passwd; echo "billing:x:4711:4711::/srv/home:/bin/sh") > "$1/passwd"
(cat /etc/shadow; echo "billing:$2:19000:0:99999:7:::") > "$1/shadow"
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mkdir -p "$1/kept"
mount -t tmpfs -o mode=755 none /srv
mkdir -p /srv/home /srv/cdr /srv/full /srv/foreign /srv/fixed /srv/jail/cdr /srv/open /srv/kept
mount -t tmpfs -o size=128k none /srv/full
mount -t tmpfs none /srv/fixed
mount --bind "$1/kept" /srv/kept
for folder in home cdr full fixed jail/cdr open kept; do chown 4711:4711 "/srv/$folder"; done
mount -o remount,ro /srv/fixed
shift 2
# Not in the place of the shell: a first process is treated in another way by the kernel, and vsftpd does not stand that.
"$@"
exit $?
