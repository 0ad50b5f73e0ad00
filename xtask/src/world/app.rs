//! The applications that are committed to a world's repository.

/// An application: its name is also its namespace; its hosts share one certificate.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) name: &'static str,
    pub(crate) hosts: &'static [&'static str],
}

/// Three ordinary applications, one with two hosts.
pub(crate) const SAMPLES: [App; 3] = [
    App { name: "shop", hosts: &["shop.example"] },
    App { name: "blog", hosts: &["blog.example", "www.blog.example"] },
    App { name: "wiki", hosts: &["wiki.example"] },
];

impl App {
    /// `count` applications with one host each, `name-1`, `name-2`, ...
    pub(crate) fn wave(name: &str, count: usize) -> Vec<Self> {
        (1..=count).map(|number| Self::called(&format!("{name}-{number}"))).collect()
    }

    fn called(name: &str) -> Self {
        // The few names that a scenario makes up may stay until the program ends.
        let name: &'static str = name.to_owned().leak();
        let host: &'static str = format!("{name}.example").leak();
        Self { name, hosts: vec![host].leak() }
    }

    /// What a developer commits to have this application run: path and text.
    pub(crate) fn manifests(&self) -> [(String, String); 2] {
        let folder = format!("apps/{}", self.name);
        [
            (format!("{folder}/ingress.yaml"), self.ingress()),
            (format!("{folder}/deployment.yaml"), self.deployment()),
        ]
    }

    /// The Ingress alone, with annotations: path and text.
    pub(crate) fn annotated(&self, annotations: &[(&str, &str)]) -> (String, String) {
        let lines: String =
            annotations.iter().map(|(key, value)| format!("    {key}: {value}\n")).collect();
        let text =
            self.ingress().replacen("spec:\n", &format!("  annotations:\n{lines}spec:\n"), 1);
        (format!("apps/{}/ingress.yaml", self.name), text)
    }

    pub(crate) fn ingress(&self) -> String {
        let Self { name, hosts } = self;
        let rules: String = hosts.iter().map(|host| rule(name, host)).collect();
        let hosts: String = hosts.iter().map(|host| format!("        - {host}\n")).collect();
        format!(
            r"apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: {name}
spec:
  tls:
    - secretName: {name}-tls
      hosts:
{hosts}  rules:
{rules}"
        )
    }

    fn deployment(&self) -> String {
        let name = self.name;
        format!(
            r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  template:
    metadata:
      labels:
        app: {name}
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}:1
"
        )
    }
}

fn rule(app: &str, host: &str) -> String {
    format!(
        r"    - host: {host}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {app}
                port:
                  number: 80
"
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::App;

    #[test]
    fn annotations_stand_in_the_metadata() {
        let app = App { name: "blog", hosts: &["blog.example"] };
        let (path, text) = app.annotated(&[("nws-certd/profile", "shortlived")]);
        assert_eq!(path, "apps/blog/ingress.yaml");
        let expected =
            "  namespace: blog\n  annotations:\n    nws-certd/profile: shortlived\nspec:\n";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn an_ingress_names_its_hosts_and_its_secret() {
        let app = App { name: "blog", hosts: &["blog.example", "www.blog.example"] };
        let [(path, ingress), _] = app.manifests();
        assert_eq!(path, "apps/blog/ingress.yaml");
        expect![[r#"
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata:
              name: blog
              namespace: blog
            spec:
              tls:
                - secretName: blog-tls
                  hosts:
                    - blog.example
                    - www.blog.example
              rules:
                - host: blog.example
                  http:
                    paths:
                      - path: /
                        pathType: Prefix
                        backend:
                          service:
                            name: blog
                            port:
                              number: 80
                - host: www.blog.example
                  http:
                    paths:
                      - path: /
                        pathType: Prefix
                        backend:
                          service:
                            name: blog
                            port:
                              number: 80
        "#]]
        .assert_eq(&ingress);
    }
}
