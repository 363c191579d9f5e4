using System.Globalization;
using System.Text.RegularExpressions;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Policies;

namespace Flotilla.Ingress.Ingresses.Features;

/// <summary>Who is asked about each request. What was meant to be locked and cannot be is closed, not open.</summary>
internal static partial class ExternalAuthenticationFeature
{
    public static void Read(Annotations annotations, IngressSettings settings)
    {
        var (url, method, signIn) = (annotations.Text("auth-url"), annotations.Text("auth-method"), annotations.Text("auth-signin"));
        var (parameter, redirect, passed) = (annotations.Text("auth-signin-redirect-param") ?? "rd", annotations.Text("auth-request-redirect"), annotations.List("auth-response-headers"));
        var always = annotations.Flag("auth-always-set-cookie");
        if (url is null)
        {
            return;
        }

        var wanted = new ExternalAuthentication(new UrlTemplate(url), method, Template(signIn), parameter, passed, Template(redirect), always);
        if (ProblemOf(wanted) is { } problem)
        {
            settings.Problems.Add($"annotation {problem}; nobody is let in");
            settings.Steps.Add(new Closed());
            return;
        }

        settings.Authentication = wanted;
        settings.AuthenticationService = ServiceIn(url);
    }

    /// <summary>Null: the URL names nothing of the cluster.</summary>
    internal static BackendKey? ServiceIn(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed) && ClusterName().Match(parsed.Host) is { Success: true } match
            ? new BackendKey(
                match.Groups["namespace"].Value,
                match.Groups["service"].Value,
                parsed.Port.ToString(CultureInfo.InvariantCulture),
                parsed.Scheme == "https" ? BackendProtocol.Https : BackendProtocol.Http)
            : null;

    private static UrlTemplate? Template(string? text) => text is null ? null : new UrlTemplate(text);

    private static string? ProblemOf(ExternalAuthentication wanted)
    {
        if (wanted.Url.Problem is { } url)
        {
            return $"auth-url: {url}";
        }

        return wanted.SignIn?.Problem is { } signIn ? $"auth-signin: {signIn}"
            : wanted.Method is { } method && !Methods().IsMatch(method) ? $"auth-method: \"{method}\" is no method"
            : wanted.PassedHeaders.FirstOrDefault(name => !HeaderName().IsMatch(name)) is { } header ? $"auth-response-headers: \"{header}\" is no name of a header"
            : null;
    }

    [GeneratedRegex("^(?<service>[a-z0-9-]+)\\.(?<namespace>[a-z0-9-]+)\\.svc(\\.cluster\\.local)?\\.?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ClusterName();

    [GeneratedRegex("^(GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Methods();

    [GeneratedRegex("^[A-Za-z0-9-_]+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HeaderName();
}
