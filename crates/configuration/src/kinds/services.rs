//! What phones show on their screens.

use super::named;
use crate::setting::{Description, Label, Name, Ref, ServiceUrl, choice, record};

record! {
    /// Something on the screens of phones: a page that they get over HTTP, or an order to the phone.
    pub struct PhoneService {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What stands in menus and beside keys; the name when empty.
        label: Label = Label::default(),
        /// What the phone opens: a page, a page of this server as a path such as `/directories`, or what phones do by themselves, such as
        /// `Dial:9999`. `#DEVICENAME#` in it becomes the name of the phone.
        url: ServiceUrl,
        /// In which menu it stands.
        menu: ServiceMenu = ServiceMenu::Services,
        /// Every phone has it, also those that do not name it.
        everybody: bool = false,
    }
}

choice! {
    /// A menu of phones.
    pub enum ServiceMenu {
        /// Services.
        Services = "services",
        /// Directories.
        Directories = "directories",
        /// None: it stands beside a key only.
        None = "none",
    }
}

record! {
    /// A service that a phone has.
    pub struct SubscribedService {
        /// Which.
        service: Ref<PhoneService>,
        /// What stands in the menu and beside the key; what the service says when empty.
        label: Label = Label::default(),
    }
}

named!(PhoneService);
