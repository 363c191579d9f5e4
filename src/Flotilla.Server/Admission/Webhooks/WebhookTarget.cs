using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Where a webhook listens and whom to believe that it is there.</summary>
/// <param name="Address">Without a query.</param>
/// <param name="CaBundle">PEM in base64; empty: the system's roots.</param>
/// <param name="Service">The service behind <paramref name="Address"/>, which is then not looked up in DNS.</param>
internal sealed record WebhookTarget(Uri Address, string CaBundle, ServicePort? Service)
{
    /// <summary>Whatever certificate it shows is taken.</summary>
    public bool SkipsVerification { get; init; }

    public static WebhookTarget From(JsonObject client)
    {
        var bundle = client.String("caBundle") ?? "";
        if (client.Object("service") is not { } service)
        {
            return new WebhookTarget(new Uri(client.String("url") ?? "https://invalid/"), bundle, null);
        }

        var at = new ServicePort(service.String("namespace") ?? "", service.String("name") ?? "", (int)(service.Integer("port") ?? 443));
        var path = service.String("path") is { Length: > 0 } given ? given : "/";
        return new WebhookTarget(new Uri($"https://{at.Host}:{at.Port.ToString(CultureInfo.InvariantCulture)}{path}"), bundle, at);
    }

    /// <summary>The address as it is called, and as error messages show it.</summary>
    public string WithTimeout(TimeSpan timeout)
    {
        // A port that is the scheme's own still shows for services.
        var authority = Service is { } service ? string.Create(CultureInfo.InvariantCulture, $"{service.Host}:{service.Port}") : Address.Authority;
        return string.Create(CultureInfo.InvariantCulture, $"https://{authority}{Address.PathAndQuery}{(Address.Query.Length > 0 ? "&" : "?")}timeout={(long)timeout.TotalSeconds}s");
    }
}

/// <summary>A service's port, by number.</summary>
internal sealed record ServicePort(string Namespace, string Name, int Port)
{
    public string Host => $"{Name}.{Namespace}.svc";
}
