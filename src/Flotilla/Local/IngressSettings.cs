namespace Flotilla.Local;

/// <summary>How this machine lets the world in to Ingresses and Gateways.</summary>
internal sealed record IngressSettings
{
    public bool Enabled { get; init; } = true;

    public int HttpPort { get; init; } = 80;

    public int HttpsPort { get; init; } = 443;

    /// <summary>A file with one line a request; null: none is written.</summary>
    public string? AccessLog { get; init; }

    /// <exception cref="UserError">A value that cannot work, with the flag's name.</exception>
    public void Validate()
    {
        foreach (var (flag, port) in ((string, int)[])[("--ingress-http-port", HttpPort), ("--ingress-https-port", HttpsPort)])
        {
            if (port is < 1 or > 65535)
            {
                throw new UserError($"{flag} {port} is not a port: it must be between 1 and 65535.");
            }
        }

        if (HttpPort == HttpsPort)
        {
            throw new UserError($"--ingress-http-port and --ingress-https-port are both {HttpPort}; they must differ.");
        }
    }
}
