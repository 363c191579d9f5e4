namespace Flotilla.Network.Tests.DataPlane;

/// <summary>Who has which address, in one family.</summary>
public sealed record Plan(Family Family, string Pods, string Services, string Link, string Loopback)
{
    public static readonly Plan V4 = new(Family.V4, "10.244.0.", "10.96.0.", "192.168.77.", "127.0.0.1");
    public static readonly Plan V6 = new(Family.V6, "fd00:10:244::", "fd00:10:96::", "fd00:77::", "::1");

    public string A => Pods + "5";

    public string B => Pods + "6";

    public string Gateway => Pods + "1";

    public string Web => Services + "7";

    /// <summary>The node, as its neighbour knows it.</summary>
    public string Node => Link + "1";

    public string Outside => Link + "2";
}
