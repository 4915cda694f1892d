//! What users set by themselves, for programs that look at it and set it.

use strowger_base::journal::{CallBackTo, ForwardedTo, SetBy, UserSet, UserValue};
use strowger_base::leg::BindingId;
use strowger_base::{LineName, Now, line};

use crate::io::{Answer, Outbox, Output, QueryId, UserSetting};
use crate::node::Node;

impl Node {
    /// Everything that users set.
    pub(crate) fn user_settings(&self) -> Vec<UserSetting> {
        let view = |(at, set): (_, UserSet<'_>)| UserSetting {
            line: set.line.into(),
            phone: set.phone.into(),
            setting: set.value.word().into(),
            value: set.value.text().into(),
            by: match set.by {
                SetBy::Phone | SetBy::Server => Box::default(),
                SetBy::Program(name) => name.into(),
            },
            at,
        };
        self.calls.user_settings().map(view).collect()
    }

    /// Sets something for a user; whoever asks hears what is wrong at once, and that it is done when the disk has it.
    pub(crate) fn set_for_user(&mut self, now: Now, query: QueryId, setting: &UserSetting, out: &mut Outbox) {
        match self.checked(now, setting) {
            Ok((line, value)) => {
                let by = SetBy::Program(&setting.by);
                let set = UserSet { line: line.as_str(), phone: &setting.phone, value, by };
                let asked = query.0;
                self.tell_calls(now, strowger_callcontrol::Input::Set { asked, set }, out);
            }
            Err(why) => {
                let answer = Answer::SetForUser(Err(why.into()));
                out.items.push(Output::Answer { query, answer });
            }
        }
    }

    /// The key of a phone for hunts was pressed; it is told when the disk has what that changes.
    pub(crate) fn hunt_key(&mut self, now: Now, binding: BindingId, out: &mut Outbox) {
        let Some(contact) = self.sip.registrar().binding(binding) else { return };
        let line = LineName::from(contact.line());
        let name = self.phone_name(self.lines.get(line.as_str()), binding);
        let phone = name.as_deref().unwrap_or_default();
        self.tell_calls(now, strowger_callcontrol::Input::HuntLog { line: &line, phone, binding }, out);
    }

    /// The user of a phone reports trouble while it has no call.
    pub(crate) fn quality_key(&mut self, now: Now, binding: BindingId, out: &mut Outbox) {
        let Some(contact) = self.sip.registrar().binding(binding) else { return };
        let line = LineName::from(contact.line());
        self.tell_calls(now, strowger_callcontrol::Input::QualityReport { line: &line }, out);
    }

    /// The line that is called so: by its name, or by its number alone where no other line has the same.
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub(crate) fn line_called(&self, name: &str) -> Result<LineName, String> {
        if self.lines.get(name).is_some() {
            return Ok(name.into());
        }
        let found: Vec<&str> = line::lines_of(&self.lines, name).map(|(name, _)| name).collect();
        match *found {
            [] => Err(format!("there is no line {name}")),
            [only] => Ok(only.into()),
            [..] => Err(format!("several lines have the number {name}; say which: {}", found.join(", "))),
        }
    }

    /// Whose setting it is, by the full name of the line, and what is set.
    fn checked<'s>(&self, now: Now, setting: &'s UserSetting) -> Result<(LineName, UserValue<'s>), String> {
        let UserSetting { line, phone, setting: word, value, .. } = setting;
        let Some(read) = UserValue::read(word, value) else {
            return Err(match (&**word, &**value) {
                ("do-not-disturb" | "hunt-log", "") => format!("{word} needs a value: on or off"),
                ("do-not-disturb" | "hunt-log", value) => format!("{word} is on or off, not {value:?}"),
                (word, _) => format!("there is no setting {word}; expected one of {}", SETTINGS.join(", ")),
            });
        };
        if let UserValue::Forward { to: ForwardedTo::Number(number), .. } = read {
            strowger_dialplan::forward::ForwardTarget::number(number, ()).map_err(|why| why.to_string())?;
        }
        if let UserValue::CallBack(CallBackTo::WhenIdle(_) | CallBackTo::AfterUse(_)) = read {
            return Err(
                "a call back is asked for at the phone; here it is only ended, by an empty value".into()
            );
        }
        let name = if line.is_empty() { LineName::default() } else { self.line_called(line)? };
        if read.is_of_line() {
            if line.is_empty() {
                return Err(format!("{word} is set for a line; say which"));
            }
            if let UserValue::Forward { to: ForwardedTo::Number(number), .. } = read {
                self.calls.may_be_forwarded(now, &name, number).map_err(|why| format!("{number}: {why}"))?;
            }
            return Ok((name, read));
        }
        let is_it = |name: &Option<std::sync::Arc<str>>| name.as_deref() == Some(&**phone);
        let has = |account: &strowger_sip::io::LineAccount| account.phones.iter().any(|it| is_it(&it.name));
        match (self.lines.get(name.as_str()), &**phone) {
            (_, phone) if self.sccp.is_configured(phone, &name) => Ok((name, read)),
            // The one phone of a line may have no name.
            (Some(account), "") if account.phones.len() == 1 => Ok((name, read)),
            (_, "") => Err(format!("{word} is set for a phone; say which")),
            (Some(account), _) if has(account) => Ok((name, read)),
            (None, _) if self.lines.iter().any(|(_, account)| has(account)) => Ok((name, read)),
            (Some(_) | None, phone) => Err(format!("there is no phone {phone}")),
        }
    }
}

/// What can be set.
const SETTINGS: [&str; 7] = [
    "forward-all",
    "forward-busy",
    "forward-no-answer",
    "forward-unregistered",
    "do-not-disturb",
    "hunt-log",
    "call-back",
];
