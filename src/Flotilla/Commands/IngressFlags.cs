using System.CommandLine;
using Flotilla.Local;

namespace Flotilla.Commands;

/// <summary>The flags of the machine's ingress.</summary>
internal sealed class IngressFlags
{
    private readonly Option<bool?> none = new("--no-ingress") { Description = "Serve no Ingresses and Gateways on this machine." };
    private readonly Option<int?> http = new("--ingress-http-port") { Description = "Where Ingresses are served without TLS (80)." };
    private readonly Option<int?> https = new("--ingress-https-port") { Description = "Where Ingresses are served with TLS (443)." };
    private readonly Option<string?> log = new("--ingress-access-log") { Description = "A file that gets one line for every request to an Ingress; empty: none." };

    public IReadOnlyList<Option> All => [none, http, https, log];

    public IngressSettings Read(ParseResult flags, IngressSettings known) => known with
    {
        Enabled = flags.GetValue(none) is { } off ? !off : known.Enabled,
        HttpPort = flags.GetValue(http) ?? known.HttpPort,
        HttpsPort = flags.GetValue(https) ?? known.HttpsPort,
        AccessLog = flags.GetValue(log) switch
        {
            null => known.AccessLog,
            "" => null,
            var file => Path.GetFullPath(file),
        },
    };
}
