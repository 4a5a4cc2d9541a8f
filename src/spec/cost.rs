//! What the city file says of money. Nothing is computed from it yet, and that is said wherever it is shown.

use super::CitySpec;

/// What a month costs today, and what it may cost at most: for a plan's last lines.
pub fn fact(spec: &CitySpec) -> String {
    let today = u64::from(spec.legacy.monthly_cost);
    let most = today * (100 + u64::from(spec.budget.monthly_cost.0)) / 100;
    format!("today {today} USD a month (city file), {most} at most allowed; the new bill isn't computed yet")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::testing::malmo;

    #[test]
    fn what_the_file_says_and_no_more() {
        let expected = "today 310 USD a month (city file), 341 at most allowed; the new bill isn't computed yet";
        assert_eq!(fact(&malmo().spec), expected);
    }
}
