//! How many stations may come at once.

use std::time::Duration;

use strowger_base::Instant;

/// Grants so many in each second, so that stations that all come back at once do so one after the other.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// When the second began, and how many were granted in it.
    second: Option<(Instant, u32)>,
}

impl Tokens {
    /// Whether one more may come now.
    pub(super) fn grant(&mut self, now: Instant, per_second: u32) -> bool {
        let (since, granted) = match self.second {
            Some((since, granted)) if now.saturating_since(since) < Duration::from_secs(1) => {
                (since, granted)
            }
            Some(_) | None => (now, 0),
        };
        let granted_now = granted < per_second;
        self.second = Some((since, granted + u32::from(granted_now)));
        granted_now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_granted_in_a_second() {
        let mut tokens = Tokens::default();
        let at = |milliseconds| Instant::START + Duration::from_millis(milliseconds);
        let granted = |tokens: &mut Tokens, now| (0..5).filter(|_| tokens.grant(now, 3)).count();
        assert_eq!(granted(&mut tokens, at(0)), 3);
        assert_eq!(granted(&mut tokens, at(999)), 0);
        assert_eq!(granted(&mut tokens, at(1000)), 3);
    }
}
