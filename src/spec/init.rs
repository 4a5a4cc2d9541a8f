//! The file that a new city begins with.

/// What stands where only the operator knows the value. No file with it is valid.
pub const FILL_IN: &str = "FILL_IN";

/// A commented city file for a city of that name. What belongs to one city alone is left to fill in, so that no file names what another
/// city has; the rest are values that do for a beginning.
pub fn template(name: &str) -> String {
    include_str!("init.yaml").replace("CITY", name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::spec::testing::cities;
    use crate::spec::{check_name, load};

    /// The template with the values of a city that is nobody's, in the order of the file.
    fn filled(name: &str) -> String {
        let domain = format!("{name}-rides.example");
        let arn = format!("arn:aws:secretsmanager:eu-north-1:123456789012:secret:{name}/legacy-AbCdEf");
        let values = [
            "\"123456789012\"",
            "eu-north-1",
            &format!("{name}-web"),
            "192.0.2.10",
            "10.90.1.10",
            "postgres",
            "10.90.2.20:5432",
            "rides",
            &arn,
            &domain,
            &format!("www.{domain}"),
            "310",
            "Europe/Stockholm",
            "10.91.0.0/16",
            "\"16.8\"",
            "123456789012.dkr.ecr.eu-north-1.amazonaws.com/rides:1",
            &format!("www.{domain}"),
            &format!("ops@{domain}"),
        ];
        // The first one stands in the explanation.
        let (head, body) =
            template(name).split_once("account:").map(|(a, b)| (a.to_owned(), format!("account:{b}"))).unwrap();
        assert_eq!(body.matches(FILL_IN).count(), values.len());
        head + &values.iter().fold(body, |text, value| text.replacen(FILL_IN, value, 1))
    }

    #[test]
    fn the_template_filled_in_is_a_valid_city() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["gothenburg", "a"] {
            assert!(check_name(name).is_ok());
            std::fs::write(folder.path().join(format!("{name}.yaml")), filled(name)).unwrap();
            let cities = load(folder.path(), &[name.to_owned()])
                .unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
            assert_eq!(cities[0].name, name);
            std::fs::remove_file(folder.path().join(format!("{name}.yaml"))).unwrap();
        }
    }

    #[test]
    fn every_place_to_fill_in_is_told_at_once_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(cities()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        let text = template("gent");
        for name in ["gent", "lund"] {
            std::fs::write(folder.path().join(format!("{name}.yaml")), template(name)).unwrap();
        }
        let problems = load(folder.path(), &["gent".to_owned()]).unwrap_err();
        let places: Vec<_> =
            problems.0.iter().map(|problem| (problem.line.unwrap(), problem.column.unwrap())).collect();
        let body = text.lines().enumerate().skip_while(|(_, line)| line.starts_with('#'));
        let expected: Vec<_> = body
            .flat_map(|(line, text)| text.match_indices(FILL_IN).map(move |(column, _)| (line + 1, column + 1)))
            .collect();
        assert_eq!(places, expected, "{problems}");
        assert!(problems.0.iter().all(|problem| problem.message.starts_with("still to be filled in")), "{problems}");
        assert!(problems.0.iter().all(|problem| problem.help.is_some()), "{problems}");
        for living in ["malmo", "antwerp", "drammen"] {
            assert!(load(folder.path(), &[living.to_owned()]).is_ok(), "files to fill in are in nobody's way");
        }
    }
}
