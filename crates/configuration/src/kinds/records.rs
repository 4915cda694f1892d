//! Who receives call records.

use super::named;
use crate::setting::{
    Description, Host, HostKey, List, Name, PasswordHash, PathText, SealedText, Seconds, UserName, Whole,
    choice, record,
};

record! {
    /// A server that files of call records are delivered to. There may be eight.
    pub struct BillingDestination {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Its number, which no other one has: files that are due to it wait in the folder `destination` with this number.
        number: Whole<1, 8> = Whole::new(1),
        /// How files are delivered.
        protocol: DeliveryProtocol = DeliveryProtocol::Sftp,
        /// Its address or name; none for a folder of this machine.
        host: Option<Host> = None,
        /// Its port; 22 for SFTP, 21 for FTP and 990 for FTP that begins with TLS when not given.
        port: Option<Whole<1, 65_535>> = None,
        /// The folder there, as the server calls it: `/cdr`, `/C:/cdr`, `.` for where the user arrives, or relative to that.
        path: PathText,
        /// Whom the files are delivered as.
        user: Option<UserName> = None,
        /// The password.
        password: Option<SealedText> = None,
        /// The private key for SFTP, as OpenSSH writes it; it goes before the password.
        private_key: Option<SealedText<8192>> = None,
        /// What the private key is encrypted with, when it is.
        passphrase: Option<SealedText> = None,
        /// What the server must prove itself with: for SFTP one key of each machine that may answer at this address, for FTP under TLS the fingerprint of its
        /// certificate. Behind a key may stand whose it is. A server with another one is told nothing.
        host_keys: List<HostKey, 16> = List::default(),
        /// Which algorithms of SSH or TLS are offered.
        algorithms: AlgorithmPolicy = AlgorithmPolicy::Modern,
        /// How long each step may take, in seconds, for example logging in or writing 32 KiB.
        timeout: Seconds<1, 600> = Seconds::new(30),
        /// How long to wait after a failure before the next attempt, in seconds; each further failure doubles it.
        retry_first: Seconds<1, 3600> = Seconds::new(6),
        /// The longest wait, in seconds.
        retry_most: Seconds<1, 86_400> = Seconds::new(120),
        /// A file that could not be delivered is delivered later; otherwise it is given up, and the next one has its turn after the wait.
        resend: bool = true,
        /// Files are delivered. Those that are not wait.
        enabled: bool = true,
    }
}

record! {
    /// Somebody who fetches files from this server, or brings some, over SFTP.
    pub struct SftpUser {
        /// What he logs in as.
        name: UserName,
        /// For people.
        description: Description = Description::default(),
        /// The hash of his password; he cannot log in with one when not given. `strowger sftp hash` makes it.
        password: Option<PasswordHash> = None,
        /// His public keys, or their fingerprints.
        keys: List<HostKey, 16> = List::default(),
        /// He sees the files of call records, by days: the folder `records`, which is read-only.
        records: bool = false,
        /// He may bring call records of other systems: into the folder `incoming`, from where they are loaded for searches.
        incoming: bool = false,
        /// Further folders that he sees.
        folders: List<SftpFolder, 16> = List::default(),
        /// How many sessions he may have at once.
        sessions: Whole<1, 64> = Whole::new(4),
        /// He may log in.
        enabled: bool = true,
    }
}

record! {
    /// A folder of this machine as an SFTP user sees it.
    pub struct SftpFolder {
        /// As he calls it.
        name: Name,
        /// Where it is: an absolute path, neither in the data folder nor around it. What is beside it cannot be reached, nor what links lead to.
        path: PathText,
        /// He may change what is in it.
        writable: bool = false,
    }
}

choice! {
    /// How files are delivered.
    pub enum DeliveryProtocol {
        /// Over SSH.
        Sftp = "sftp",
        /// FTP in clear text: the password can be read on the way.
        Ftp = "ftp",
        /// FTP under TLS.
        Ftps = "ftps",
        /// FTP under TLS from the first byte, on port 990: for servers that know no other way.
        FtpsImplicit = "ftps-implicit",
        /// Into a folder of this machine.
        Local = "local",
    }
}

choice! {
    /// Which algorithms are offered.
    pub enum AlgorithmPolicy {
        /// Those that are safe today.
        Modern = "modern",
        /// Old ones too, for servers that know no others.
        Legacy = "legacy",
    }
}

named!(BillingDestination, SftpUser);
