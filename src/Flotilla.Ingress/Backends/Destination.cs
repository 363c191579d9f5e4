using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Ingress.Backends;

/// <summary>One pod's port. It outlives the tables that lead to it, and remembers when it could not be reached.</summary>
internal sealed class Destination(string scheme, string endpoint)
{
    private static readonly TimeSpan AvoidFor = TimeSpan.FromSeconds(10);
    private long avoidUntil;

    /// <summary>Like <c>10.244.0.2:8080</c>.</summary>
    public string Endpoint => endpoint;

    /// <summary>What YARP is given, like <c>http://10.244.0.2:8080/</c>.</summary>
    public string Prefix { get; } = $"{scheme}://{endpoint}/";

    /// <summary>What a cookie calls it: the same on every node, and no address.</summary>
    public string Alias { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(endpoint)).AsSpan(0, 12));

    public void Failed(long now, long frequency) => Volatile.Write(ref avoidUntil, now + (long)(AvoidFor.TotalSeconds * frequency));

    public bool IsAvoided(long now) => Volatile.Read(ref avoidUntil) is var until && until != 0 && now < until;
}
