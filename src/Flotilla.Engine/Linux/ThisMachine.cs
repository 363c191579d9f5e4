using System.Runtime.InteropServices;
using Flotilla.Linux.Commands;

namespace Flotilla.Engine.Linux;

/// <summary>What the machine is, and its programs (<c>ip</c>, <c>nft</c>, <c>ps</c>), in its own network.</summary>
internal static class ThisMachine
{
    public static readonly HostCommands Commands = new();

    /// <summary>As images call it.</summary>
    public static string Architecture => RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";
}
