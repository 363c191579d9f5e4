using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flotilla.Linux.Commands;
using Microsoft.Win32.SafeHandles;

namespace Flotilla.Network.Tests.DataPlane;

/// <summary>A network namespace of the test's own. Sockets made in it stay in it, whichever thread uses them later.</summary>
internal sealed partial class NetNamespace : IAsyncDisposable
{
    private const int NewNet = 0x40000000;
    private static readonly HostCommands Host = new();

    private NetNamespace(string name) => Name = name;

    public string Name { get; }

    public HostCommands Commands => new("nsenter", $"--net=/run/netns/{Name}");

    public static async Task<NetNamespace> CreateAsync(string name)
    {
        await Host.RunAsync("ip", ["netns", "delete", name], default);
        await Host.DoAsync("ip", ["netns", "add", name], default);
        var space = new NetNamespace(name);
        await space.IpAsync("link set lo up");
        return space;
    }

    public Task IpAsync(string arguments) => Commands.DoAsync("ip", arguments.Split(' '), default);

    public Socket Socket(ProtocolType protocol, AddressFamily family = AddressFamily.InterNetwork)
    {
        Socket? socket = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter();
                socket = new Socket(family, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        return socket ?? throw new InvalidOperationException($"No socket in {Name}", failure);
    }

    public async ValueTask DisposeAsync() => await Host.RunAsync("ip", ["netns", "delete", Name], default);

    private void Enter()
    {
        using SafeFileHandle file = File.OpenHandle($"/run/netns/{Name}");
        if (SetNamespace((int)file.DangerousGetHandle(), NewNet) != 0)
        {
            throw new IOException($"setns failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNamespace(int file, int kind);
}
