namespace Flotilla.Server.Proxying;

/// <summary>What stands for an object's name in a proxy path: <c>[scheme:]name[:port]</c>.</summary>
internal sealed record ProxyName(string Scheme, string Name, string Port)
{
    /// <summary>Null: not of this form.</summary>
    public static ProxyName? Parse(string text) => text.Split(':') switch
    {
        [var name] => new ProxyName("http", name, ""),
        [var name, var port] => new ProxyName("http", name, port),
        ["http" or "https", var name, var port] => new ProxyName(text[..text.IndexOf(':', StringComparison.Ordinal)], name, port),
        _ => null,
    };
}
