//! Who receives call records.

use super::named;
use crate::setting::{
    Description, Host, HostKey, List, Name, PathText, SealedText, UserName, Whole, choice, record,
};

record! {
    /// A server that files of call records are delivered to. There may be eight.
    pub struct BillingDestination {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// How files are delivered.
        protocol: DeliveryProtocol = DeliveryProtocol::Sftp,
        /// Its address or name; none for a folder of this machine.
        host: Option<Host> = None,
        /// Its port; 22 for SFTP and 21 for FTP when not given.
        port: Option<Whole<1, 65_535>> = None,
        /// The folder there.
        path: PathText,
        /// Whom the files are delivered as.
        user: Option<UserName> = None,
        /// The password.
        password: Option<SealedText> = None,
        /// The private key for SFTP, as OpenSSH writes it; it goes before the password.
        private_key: Option<SealedText<8192>> = None,
        /// What the server must prove itself with for SFTP: one key of each machine that may answer at this address.
        host_keys: List<HostKey, 16> = List::default(),
        /// Which algorithms of SSH or TLS are offered.
        algorithms: AlgorithmPolicy = AlgorithmPolicy::Modern,
        /// A file that could not be delivered is delivered later.
        resend: bool = true,
        /// Files are delivered. Those that are not wait.
        enabled: bool = true,
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

named!(BillingDestination);
