//! The applications, each with another kind of object that wants its certificate.

use super::App;

/// Path and text.
type File = (String, String);

pub(super) struct Application {
    pub(super) app: App,
    pub(super) files: Vec<File>,
    /// The object that wants its certificate, as the daemon calls it.
    pub(super) wanted_by: &'static str,
}

/// Its Gateway has no hostname of its own.
pub(super) const ROUTED: App =
    App { name: "routed", hosts: &["routed.example", "www.routed.example"] };

/// Attaches to the Gateway of [`ROUTED`] from a namespace of its own.
pub(super) const LATE_ROUTE: App = App { name: "late", hosts: &["late.example"] };

/// One of each kind; another kind is another line.
pub(super) fn all() -> Vec<Application> {
    let app = |name, hosts| App { name, hosts };
    vec![
        Application::of(app("plain", &["plain.example"]), "Ingress plain/plain", App::ingress),
        Application::of(
            app("gate", &["gate.example", "www.gate.example"]),
            "Gateway gate/gate",
            gateway,
        ),
        Application::of(ROUTED, "Gateway routed/routed", open_gateway)
            .with(route(&ROUTED, &ROUTED)),
        Application::of(app("set", &["set.example"]), "ListenerSet set/set", listener_set),
        Application::of(
            app("rule", &["rule.example", "www.rule.example"]),
            "IngressRoute rule/rule",
            rules,
        ),
        Application::of(
            app("domain", &["domain.example", "www.domain.example"]),
            "IngressRoute domain/domain",
            domains,
        ),
        Application::of(app("mqtt", &["mqtt.example"]), "IngressRouteTCP mqtt/mqtt", tcp),
    ]
}

impl Application {
    fn of(app: App, wanted_by: &'static str, text: fn(&App) -> String) -> Self {
        let files = vec![(format!("apps/{}/wants.yaml", app.name), text(&app))];
        Self { app, files, wanted_by }
    }

    fn with(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }
}

fn gateway(app: &App) -> String {
    listeners(app, "Gateway", "gatewayClassName: haproxy")
}

fn listener_set(app: &App) -> String {
    listeners(app, "ListenerSet", "parentRef: {kind: Gateway, name: gate, namespace: gate}")
}

/// A listener for each host, all with one Secret.
fn listeners(app: &App, kind: &str, first: &str) -> String {
    let name = app.name;
    let listeners: String = app
        .hosts
        .iter()
        .map(|host| {
            format!(
                "    - name: {}\n      hostname: {host}\n      port: 443\n      protocol: HTTPS\n      tls:\n        certificateRefs: [{{name: {name}-tls}}]\n",
                host.replace('.', "-")
            )
        })
        .collect();
    let spec = format!("  {first}\n  listeners:\n{listeners}");
    object("gateway.networking.k8s.io/v1", kind, app, &spec)
}

fn open_gateway(app: &App) -> String {
    let spec = format!(
        "  gatewayClassName: haproxy\n  listeners:\n    - name: https\n      port: 443\n      protocol: HTTPS\n      tls:\n        certificateRefs: [{{name: {}-tls}}]\n      allowedRoutes:\n        namespaces: {{from: All}}\n",
        app.name
    );
    object("gateway.networking.k8s.io/v1", "Gateway", app, &spec)
}

/// The hosts of one application, attached to the Gateway of another.
pub(super) fn route(app: &App, gateway: &App) -> File {
    let (name, hosts) = (gateway.name, app.hosts.join(", "));
    let spec = format!(
        "  parentRefs: [{{name: {name}, namespace: {name}}}]\n  hostnames: [{hosts}]\n  rules: [{{backendRefs: [{{name: {}, port: 80}}]}}]\n",
        app.name
    );
    let text = object("gateway.networking.k8s.io/v1", "HTTPRoute", app, &spec);
    (format!("apps/{}/route.yaml", app.name), text)
}

fn rules(app: &App) -> String {
    let rules: Vec<_> = app.hosts.iter().map(|host| format!("Host(`{host}`)")).collect();
    traefik(app, "IngressRoute", &format!("({}) && !Path(`/intern`)", rules.join(" || ")), "")
}

fn domains(app: &App) -> String {
    let (main, sans) = (app.hosts[0], app.hosts[1..].join(", "));
    let domains = format!("    domains: [{{main: {main}, sans: [{sans}]}}]\n");
    traefik(app, "IngressRoute", r"HostRegexp(`^.*domain\.example$`)", &domains)
}

fn tcp(app: &App) -> String {
    traefik(app, "IngressRouteTCP", &format!("HostSNI(`{}`)", app.hosts[0]), "")
}

fn traefik(app: &App, kind: &str, rule: &str, domains: &str) -> String {
    let name = app.name;
    let spec = format!(
        "  entryPoints: [websecure]\n  routes:\n    - match: {rule}\n      services: [{{name: {name}, port: 80}}]\n  tls:\n    secretName: {name}-tls\n{domains}"
    );
    object("traefik.io/v1alpha1", kind, app, &spec)
}

fn object(api: &str, kind: &str, app: &App, spec: &str) -> String {
    let name = app.name;
    format!(
        "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {name}\nspec:\n{spec}"
    )
}
